"""What every other package stands on: shared values, and small tools of which there is one each. Imports no package.

- values: `model`, `records`, `deliveries`, `events`, `findings`, `errors`, `frozen_model`
- tools: `atomic_files`, `background`, `clock`, `database`, `retry`, `sanitize`, `sets`, `signals`, `sql`,
  `suggest`
- for tests: `crash_points`
"""
