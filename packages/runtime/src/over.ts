/** Reason of an abort that nobody asks: without one an error is made, with its stack, each time. */
export const over = 'over'
