"""How fast, how accurate and how large: earmark beside the libraries that people use today, in one run.

``python -m benchmarks --date YYYY-MM-DD`` measures and writes ``benchmarks/results.json``; from that,
``docs/benchmarks.md``.
"""
