"""How it is told: progress, plans, statuses, reasons and errors, for people and for programs.

`text`, `days` and `look` are the ground: hostile text made harmless, days folded into ranges, what a stream can
show. On it stand the reporters of a running `apply` (`console`, `jsonlines`, `many`, `memory`; `choose` picks),
what is told once (`plan`, `status`, `why`), and how trouble is told (`errors`, `crash`). Nothing here decides what is
true: it is given plans, histories and events, and puts them into words. Nothing here reads the state file.
"""
