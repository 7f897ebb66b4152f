/* tests/signing.h - JWS and COSE messages signed by keys at hand: what ocf-manifest does in parts,
 * since its keys may be elsewhere. */
#pragma once

#include "crypto/cose_sign.h"
#include "crypto/jws.h"

/* One element of `signatures`; `payload_text` is base64url. 0: *ret is owned by the caller. As
 * key_sign(). */
static inline int jws_sign(const struct key *k, const char *typ, struct span payload_text,
			   struct jsn **ret)
{
	CLEANUP(buf_done) struct buf protected = BUF_INIT(2048), input = BUF_INIT(1 << 20);
	CLEANUP(buf_done) struct buf signature = BUF_INIT(KEY_SIGNATURE_MAX);
	int r = jws_put_header(k, typ, &protected);

	buf_put(&input, buf_span(&protected));
	buf_put_byte(&input, '.');
	buf_put(&input, payload_text);
	if (r == 0)
		r = buf_ok(&input) ? key_sign(k, buf_span(&input), &signature) : -ENOMEM;
	if (r == 0)
		*ret = jws_new_entry(buf_span(&protected), buf_span(&signature));
	return r;
}

static inline int cose_sign_one(const struct key *k, enum cose_kind kind, const char *content_type,
				struct span external_aad, struct span payload,
				struct buf *ret_protected, struct buf *ret_value)
{
	CLEANUP(buf_done) struct buf input = BUF_INIT(1 << 20);
	int r = cose_put_header(k, content_type, ret_protected);

	if (r < 0)
		return r;
	cose_put_signed(kind, buf_span(ret_protected), external_aad, payload, &input);
	return buf_ok(&input) ? key_sign(k, buf_span(&input), ret_value) : -ENOMEM;
}

/* One to eight keys: one gives COSE_Sign1, several COSE_Sign. As key_sign(). */
static inline int cose_sign(const struct key *const *keys, size_t n, const char *content_type,
			    struct span external_aad, struct span payload, struct buf *out)
{
	const enum cose_kind kind = n == 1 ? COSE_SIGN1 : COSE_SIGN;
	struct buf protected[ENVELOPE_SIGNATURES_MAX], value[ENVELOPE_SIGNATURES_MAX];
	struct cose_signature sigs[ENVELOPE_SIGNATURES_MAX] = {0};
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		protected[i] = BUF_INIT(2048);
		value[i] = BUF_INIT(KEY_SIGNATURE_MAX);
		if (r == 0)
			r = cose_sign_one(keys[i], kind, content_type, external_aad, payload,
					  &protected[i], &value[i]);
		sigs[i] = (struct cose_signature){buf_span(&protected[i]), buf_span(&value[i])};
	}
	if (r == 0) {
		cose_put_message(kind, payload, sigs, n, out);
		r = buf_ok(out) ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		buf_done(&protected[i]);
		buf_done(&value[i]);
	}
	return r;
}
