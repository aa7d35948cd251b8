local lib = import '../lib/steps.libsonnet';
local again = import "../lib/./steps.libsonnet";
[{ kind: 'pipeline', name: 'n', steps: [lib.step('a'), again.step('b')], note: importstr "note.txt" }]
