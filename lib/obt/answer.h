/* lib/obt/answer.h - what an onboarding tool reads from a device: strict and bounded.
 *
 * Members that are not named here are skipped, since vendors add their own. A wrong type, a
 * repeated or a missing member, or anything beyond a limit spoils the whole answer: *ret is
 * written only on CBR_OK. */
#pragma once

#include "base/uuid.h"
#include "codec/cbr.h"

#define ANSWER_OXMS_MAX ((size_t)16)  /* transfer methods of one device */
#define ANSWER_EPS_MAX  ((size_t)32)  /* endpoints of one link */
#define ANSWER_NAME_MAX ((size_t)256) /* octets of a device's name: 64 characters of UTF-8 */

/* GET /oic/sec/doxm. All members are required (oic.r.doxm). */
struct answer_doxm {
	uint16_t oxms[ANSWER_OXMS_MAX]; /* in the device's order */
	size_t n_oxms;
	uint16_t oxmsel, sct;
	bool owned;
	struct uuid device, devowner, rowner;
};
MUST_USE enum cbr_err answer_doxm(struct span body, struct answer_doxm *ret);
bool answer_doxm_offers(const struct answer_doxm *doxm, uint16_t oxm);

/* GET /oic/sec/pstat. */
struct answer_pstat {
	uint8_t state; /* dos.s, 0..4 */
	bool pending;  /* dos.p */
	bool isop;
	uint16_t cm, tm, om, sm;
	struct uuid rowner;
};
MUST_USE enum cbr_err answer_pstat(struct span body, struct answer_pstat *ret);
/* "RFNOP"; "?" beyond 4. */
const char *answer_state_name(unsigned state);

/* GET /oic/res?rt=oic.r.doxm: the one link to /oic/sec/doxm. */
struct answer_res {
	struct uuid device;              /* of the anchor, "ocf://<uuid>" */
	struct span eps[ANSWER_EPS_MAX]; /* URIs, borrowed from the body */
	size_t n_eps;
};
MUST_USE enum cbr_err answer_res(struct span body, struct answer_res *ret);

/* GET /oic/d. A device without a name has an empty one. */
struct answer_d {
	struct uuid device;
	char name[ANSWER_NAME_MAX + 1];
};
MUST_USE enum cbr_err answer_d(struct span body, struct answer_d *ret);

/* GET /oic/p: who made it, and what it is. Absent members are empty. */
struct answer_p {
	char maker[ANSWER_NAME_MAX + 1], model[ANSWER_NAME_MAX + 1];
};
MUST_USE enum cbr_err answer_p(struct span body, struct answer_p *ret);
