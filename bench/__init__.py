"""The benchmark suite: Genkan and its peers under the same load, in the same run, with every answer checked."""
