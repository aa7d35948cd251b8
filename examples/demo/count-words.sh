#!/bin/sh
# Prints each word of a text with how often it occurs, the most frequent first.
set -eu
tr -cs 'A-Za-z' '\n' < "$1" | tr 'A-Z' 'a-z' | sort | uniq -c | sort -rn
