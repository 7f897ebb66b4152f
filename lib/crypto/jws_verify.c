#include "crypto/jws.h"
#include "crypto/signers.h"

/* RFC 7515 5.1: ASCII(protected) "." ASCII(payload), both as received. */
static bool put_signing_input(const struct jws *j, const struct jws_entry *e, struct buf *out)
{
	*out = BUF_INIT(e->protected_text.len + 1 + j->payload_text.len);
	buf_put(out, e->protected_text);
	buf_put_byte(out, '.');
	buf_put(out, j->payload_text);
	return buf_ok(out);
}

static enum fw_error add(struct signers *signers, const struct jws *j, const struct jws_entry *e)
{
	CLEANUP(buf_done) struct buf input = {0};
	struct signature sig = {.kid = e->kid, .value = buf_span(&e->signature)};

	sig.known = sig_alg_from_name(e->alg, &sig.alg);
	return put_signing_input(j, e, &input) ? signers_add(signers, &sig, buf_span(&input))
					       : FWE_INTERNAL;
}

enum fw_error jws_verify(const struct jws *j, const struct trust *trust,
			 const struct envelope_policy *policy, struct envelope *ret)
{
	struct signers signers = {.trust = trust, .policy = policy};

	for (size_t i = 0; i < j->n; i++) {
		enum fw_error e = add(&signers, j, &j->entries[i]);

		if (e != FWE_OK)
			return e;
	}
	return signers_result(&signers, ret);
}
