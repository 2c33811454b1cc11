"""Rows that translation would spoil: recognised in English, before any engine is paid, and handled by rule.

A row is hostile where its answer depends on the form of English words: letters, sounds, spelling, grammar, order. Once
translated it teaches something false ("the longest word of this sentence ...") or asks for what is no longer there (an
error to correct). `classes` names the kinds, `rules` recognise them, `keep` finds the texts that have to stay in
English, and `sift` puts the three together.
"""
