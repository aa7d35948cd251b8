local other = import 'other.libsonnet';
{ kind: 'pipeline', name: 'cycle', steps: other.steps, image:: 'alpine:3' }
