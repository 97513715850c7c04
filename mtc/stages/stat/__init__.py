"""The stat stage.

- `stat_stage`: a task's days in, `.stat` files out
- `providers`: the warehouse or Matomo, chosen site by site
- `matomo_provider`: reads Matomo's reports, window by window
- `matomo_tables`: report rows as the tables of a `.stat` file
"""
