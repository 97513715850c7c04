"""What a run needs, checked before it is needed. Each room looks at one thing, and leaves nothing behind.

findings  what a check has to say
together  checks beside one another, each with a time limit
places    state file, lock, folders, disks, the database of countries
logs      the sources of the sites
newest    the newest log of each site, looked into
archives  where imported objects go
server    the Matomo server: reached, its version, the token and its rights, its clock
sites     the sites there: numbers, rights, time zones
"""
