/** Loaded into every process of the functions emulator: only their Firestore goes by the meter. */
const { FUNCTIONS_EMULATOR, STRONGROOM_FIRESTORE_METER_HOST } = process.env;
if (FUNCTIONS_EMULATOR === 'true' && STRONGROOM_FIRESTORE_METER_HOST)
  process.env['FIRESTORE_EMULATOR_HOST'] = STRONGROOM_FIRESTORE_METER_HOST;
