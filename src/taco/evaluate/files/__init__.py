"""Files that others wrote: answers, questions and judgements in the forms that are found in the wild."""
