/* daemons/ocf-fw-fetch/coap_trust.h - what a CoAPS server and we prove ourselves with. */
#pragma once

#include "config.h"
#include "dtls/dtls.h"

/* A shared key for the host if there is one, else its certificate is judged. -ENOKEY: neither key,
 * authority nor pin is configured; -EPERM: the file is readable for others; -EBADMSG: it is not
 * "identity:hexadecimal"; or what open() gave. *ret is ended by coap_offer_done(). */
MUST_USE int coap_offer(const struct config *config, const char *host, struct dtls_offer *ret,
			char ret_identity[DTLS_IDENTITY_MAX + 1]);
void coap_offer_done(struct dtls_offer *offer); /* wipes */
/* 0: its key is one of the host's pins, if there are any, and one of the host's authorities, if
 * there are any, has given it to this host, which is so now. Else *ret_why says what is wrong:
 * -EKEYREJECTED, or as x509_verify(). */
MUST_USE int coap_judge(const struct config *config, const char *host,
			const struct x509_chain *chain, const char **ret_why);
