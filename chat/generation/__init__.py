"""Runs of a model: the engine, and what belongs to a run from its deadline to its recovery when a process is gone."""
