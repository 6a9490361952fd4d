"""What Keras, torch and scikit-learn call the losses, optimizers and arguments of fit: for errors that name ours.

In small letters and digits alone, see ``errors.known``. Nothing of this is accepted.
"""

from __future__ import annotations

_BCE = (
    "binarycrossentropy",
    "binarycrossentropywithlogits",
    "bcewithlogits",
    "bcewithlogitsloss",
    "bceloss",
    "logloss",
)
_CROSS = ("crossentropyloss", "categoricalcrossentropy", "sparsecategoricalcrossentropy", "nll", "nllloss", "softmax")
LOSSES = {
    **dict.fromkeys((*_BCE, "logloss", "binaryfocalcrossentropy", "logistic", "sigmoidcrossentropy"), "bce"),
    **dict.fromkeys((*_CROSS, "negloglikelihood", "multinomial"), "cross_entropy"),
    **dict.fromkeys(("meansquarederror", "squarederror", "squaredloss", "mseloss", "l2", "l2loss"), "mse"),
    **dict.fromkeys(("meanabsoluteerror", "absoluteerror", "l1loss", "l1"), "mae"),
    **dict.fromkeys(("huberloss", "smoothl1", "smoothl1loss"), "huber"),
    **dict.fromkeys(("hingeloss", "categoricalhinge", "multimarginloss"), "hinge"),
    **dict.fromkeys(("sumofsquarederrors", "sumsquarederror", "rss"), "sse"),
}
OPTIMIZERS = {
    **dict.fromkeys(("gd", "gradientdescent", "stochasticgradientdescent", "momentum"), "sgd"),
    **dict.fromkeys(("bfgs", "lbfgsb"), "lbfgs"),
    "rms": "rmsprop",
}
ARGUMENTS = {
    **dict.fromkeys(("learningrate", "learningrateinit", "eta", "eta0", "stepsize"), "lr"),
    **dict.fromkeys(("nepochs", "numepochs", "nbepoch", "maxepochs", "maxiter", "niter", "iterations"), "epochs"),
    **dict.fromkeys(("batch", "bs", "minibatch", "minibatchsize"), "batch_size"),
    **dict.fromkeys(("verbose", "progressbar", "showprogress", "disp"), "progress"),
    **dict.fromkeys(("randomstate", "randomseed", "rng"), "seed"),
    **dict.fromkeys(("validationfraction", "valsplit", "valsize"), "validation_split"),
    **dict.fromkeys(("valdata", "evalset"), "validation_data"),
    **dict.fromkeys(("niternochange", "earlystopping", "earlystoppingrounds"), "patience"),
    **dict.fromkeys(("callbacks", "onepochend"), "callback"),
    **dict.fromkeys(("nrestarts", "ninit"), "restarts"),
    **dict.fromkeys(("criterion", "lossfn", "lossfunction", "objective"), "loss"),
    **dict.fromkeys(("solver", "optim", "optimiser", "opt"), "optimizer"),
    **dict.fromkeys(("clipnorm", "globalclipnorm", "maxnorm", "maxgradnorm"), "clip"),
    **dict.fromkeys(("gradclip", "gradientclipval", "clipgradnorm"), "clip"),
    **dict.fromkeys(("scheduler", "lrscheduler", "learningrateschedule"), "schedule"),
    **dict.fromkeys(("l1reg", "l1penalty"), "l1"),
    **dict.fromkeys(("l2reg", "l2penalty", "alpha"), "l2"),
    **dict.fromkeys(("beta1", "beta2"), "betas"),
    "nesterovsmomentum": "nesterov",
    "decay": "weight_decay",
    "epsilon": "eps",
    "rho": "alpha",
}
