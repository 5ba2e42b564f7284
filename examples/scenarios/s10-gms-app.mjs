#!/usr/bin/env node
// S10: an app made for GMS carries out the dialogs that it is answered with.
import { gms, native, until } from './turnkeeper-api.mjs';

/** What a real app shows on its screen. */
function carryOut({ _action, _text, _tel_url, _access_code }) {
  if (_action === 'DialNumber')
    console.log(`Dial ${_tel_url.replace('tel:', '')}, then key ${_access_code}#`);
  else console.log(_text);
}

const dialog = await gms('POST', '/service/request-interaction', {
  _phone_number: '+12025550123',
  _resource_group: 'support-app',
  _provide_code: true,
  plan: 'gold',
});
carryOut(dialog);
const { _access_number, _access_code } = dialog;
console.log('belongs to:', await gms('POST', '/service/match-interaction', { _access_number, _access_code }));

const { state } = await until(
  () => native('GET', `/call-ins/${dialog._id}`),
  (request) => request.state !== 'WAITING',
  300,
);
console.log(state);
if (state === 'EXPIRED') process.exitCode = 1;
