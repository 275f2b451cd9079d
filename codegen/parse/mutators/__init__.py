"""Mutators of steps and flows, applied from their source: ``StepMutator`` and ``FlowMutator``."""
