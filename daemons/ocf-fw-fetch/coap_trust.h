/* daemons/ocf-fw-fetch/coap_trust.h - what a CoAPS server and we prove ourselves with. */
#pragma once

#include "config.h"
#include "dtls/dtls.h"

/* A shared key for the host if there is one, else the pins of its public key. -ENOKEY: neither is
 * configured; -EPERM: the file is readable for others; -EBADMSG: it is not "identity:hexadecimal";
 * or what open() gave. *ret is ended by coap_offer_done(). */
MUST_USE int coap_offer(const struct config *config, const char *host, struct dtls_offer *ret,
			char ret_identity[DTLS_IDENTITY_MAX + 1]);
void coap_offer_done(struct dtls_offer *offer); /* wipes */
/* Is the leaf's key one of the pins? */
MUST_USE bool coap_pin_fits(const char *pins, const struct x509_chain *chain);
