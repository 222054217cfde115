"""Priors and likelihoods in, probabilities, intervals and the value of a question out. Knows no dossier."""
