"""Translation models on the user's own machine: NLLB-200, M2M-100, MADLAD-400, OPUS."""
