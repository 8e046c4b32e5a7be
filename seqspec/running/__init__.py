"""Running generated programs: training, evaluating, predicting, and comparing the two twins.

Nothing here knows how a model is trained: the generated program does that, and this package calls
it. No module imports a framework, numpy, rich or matplotlib before it has to.
"""
