"""Methods × masks × noises on the clips of a data set, beside masks that know nothing of the model, in one table."""
