{ default: 'alpine:3' }
