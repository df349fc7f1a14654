// The reader of booking files, for `tickets book --file`.

export { type FileRow, formatOf, readBookingFile } from '../booking/import/booking-file.js'
export type { RowRequest } from '../booking/import/booking-row.js'
export { inOrder } from '../booking/import/in-order.js'
