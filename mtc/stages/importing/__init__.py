"""The import stage: objects are fetched, bundled into text files, loaded into parts, and archived.

bundle    objects → text files of a size that DuckDB takes in one go, with which lines are whose
parquet   an object that is Parquet → text
choosing  which format an object is in, and why
spool     the text file that many objects, or a slice of one, are written to
lines     a text file → the table `lines`, a row for each line
owners    which lines are whose, in SQL
agents    each user agent decided once
known_agents  what is known of them, kept from run to run
counting  where every line has gone
days      on which of the site's days hits fall
hits      the hits of each day → a part
rejected  the lines that could not be read, kept for people
staging   files on their way into the warehouse
load      one bundle through all of these
judging   whether an object could be read well enough
ahead     fetching a few objects ahead
loading   the new objects of a step through all of these; published and recorded when complete
explaining what becomes of a file's lines, for people; nothing is kept
archiving loaded objects to the archive
context   what a step works with
step      the order of things, and what is recorded when
stage     the tasks of the import stage
"""

from mtc.stages.importing.known_agents import KnownAgents
from mtc.stages.importing.stage import ImportStage

__all__ = ["ImportStage", "KnownAgents"]
