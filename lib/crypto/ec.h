/* lib/crypto/ec.h - what GnuTLS does not do with elliptic curves: check points, agree on secrets.
 *
 * Coordinates and private values are big-endian of full width; X25519 values are octet strings as
 * in RFC 7748. */
#pragma once

#include "base/span.h"

enum ec_curve { EC_P256, EC_P384, EC_X25519, EC_CURVES };

#define EC_WIDTH_MAX  ((size_t)48)
#define EC_SECRET_LEN ((size_t)32) /* of what P-256 and X25519 agree on */

size_t ec_width(enum ec_curve curve);
/* P-256, P-384: both coordinates have their width and are a point of the curve. */
MUST_USE bool ec_has_point(enum ec_curve curve, struct span x, struct span y);
/* P-256, P-384: the y of a compressed point, ec_width() octets. False: there is no such point. */
MUST_USE bool ec_find_y(enum ec_curve curve, struct span x, bool odd, uint8_t *ret);
/* A public key of Ed25519 whose point has order 1, 2, 4 or 8: anybody can sign under it. */
bool ec_ed25519_is_weak(struct span x);
/* The public half of an X25519 key. */
void ec_x25519_public(const uint8_t d[32], uint8_t ret_x[32]);
/* P-256, X25519 (y is then empty): the shared secret of our `d` and the peer's point. False: a
 * wrong length, a point off the curve or at infinity, all zero (RFC 7748 6.1). The caller wipes. */
MUST_USE bool ec_agree(enum ec_curve curve, struct span d, struct span x, struct span y,
		       uint8_t ret[EC_SECRET_LEN]);
