export { compileDocker } from './compile-docker.ts'
export { createDockerEngine, type DockerEngineOptions } from './docker-engine.ts'
export { type LocalImages, localImages, makeLocalImages } from './make-images.ts'
export { defaultSubnets, type SubnetBlock } from './stage-network.ts'
