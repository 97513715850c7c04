"""The coordinator: looks at the world, plans, has tasks done, retries, records. It alone writes the state.

select       which steps are asked for
look         what is there: listings, files
coordinator  one run, from plan to recap
retry        which errors may pass, and how long to wait
wiring       a project's stages and executor put together
"""
