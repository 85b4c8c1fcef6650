"""Keep pytest's search for doctests away from the script that needs TensorFlow."""

collect_ignore = ["make_musicnn_golden.py"]
