import { type OfferPublisher, unavailable } from '@waggle/domain'

/** The real publisher behind a switch: what asks for something while it is off hears what it hears without Redis. */
export const cutOff = (
  offers: OfferPublisher,
  away: { readonly isAway: boolean },
): OfferPublisher => {
  const asked =
    <A extends readonly unknown[], R>(call: (...given: A) => Promise<R>) =>
    (...given: A): Promise<R> =>
      away.isAway
        ? Promise.reject(unavailable('redis_unavailable', 'Redis is away'))
        : call(...given)
  return {
    publish: asked((list) => offers.publish(list)),
    withdraw: asked((list) => offers.withdraw(list)),
    epoch: asked(() => offers.epoch()),
    setEpoch: asked((id) => offers.setEpoch(id)),
    depths: asked((names) => offers.depths(names)),
    missing: asked((list) => offers.missing(list)),
    place: asked((offer) => offers.place(offer)),
    ping: asked(() => offers.ping()),
    close: () => offers.close(),
  }
}
