"""The stat stage.

- `stat_stage`: writes the `.stat` files of a task's days; chooses the provider of statistics for each site
- `matomo_provider`: reads Matomo's reports, window by window
- `matomo_tables`: report rows as the tables of a `.stat` file
"""
