"""Who answers for a site's days: the warehouse or Matomo, each with documents of the same shape.

base     what an answer is, and who may give one
answers  the choice between the two, site by site
matomo   Matomo's answer: which days are asked for together, and what an error means for the others
place    the site on its server, and whether its days are the manifest's
windows  days in ranges that one request is good for
more     what the client's reports leave out
tables   Matomo's rows into mtc's tables
labels   Matomo's words into mtc's
"""
