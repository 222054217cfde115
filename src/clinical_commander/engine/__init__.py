"""One patient: a dossier and a case in, an assessment out. Pure: no clock, no files, no state kept between patients."""
