local images = import 'inner/images.libsonnet';
{ step(name):: { name: name, image: images.default, commands: [importstr 'inner/images.libsonnet'] } }
