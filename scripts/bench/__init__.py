"""The benchmarks of the built site: `python -m scripts.bench --only boot`, or `make bench` for all sections.

- `__main__`: the command line.
- `context`: what a section is given, and the summary that each of its figures becomes.
- `page`: steps on the site's page that several sections share.
- `sections`: one module a section.
- `peers`: the other engines that some sections compare ours with.

No test asserts a benchmark's figure: figures are for people, tests are for machines.
"""
