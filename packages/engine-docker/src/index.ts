export { type LocalImages, localImages, makeLocalImages } from './make-images.ts'
