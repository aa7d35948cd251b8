local main = import '.drone.jsonnet';
{ steps: [{ name: 'a', image: main.image }] }
