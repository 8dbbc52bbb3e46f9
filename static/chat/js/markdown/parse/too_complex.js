/** A block costs more than a block may: it is shown as it was written. */
export class TooComplex extends Error {}
