#include "transfer.h"

#include <curl/curl.h>

enum fw_error transfer_error(struct transfer *t, unsigned r)
{
	static const CURLcode TLS[] = {
		CURLE_SSL_CONNECT_ERROR,     CURLE_PEER_FAILED_VERIFICATION,
		CURLE_SSL_CERTPROBLEM,       CURLE_SSL_CIPHER,
		CURLE_SSL_CACERT_BADFILE,    CURLE_SSL_ISSUER_ERROR,
		CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
	};

	for (size_t i = 0; i < ARRAY_SIZE(TLS); i++)
		if (r == TLS[i])
			return FWE_FETCH_TLS_FAILED;
	if ((r == CURLE_OUT_OF_MEMORY || r == CURLE_FAILED_INIT) && !t->is_connected)
		return FWE_INTERNAL; /* later, a header that is too long may be it */
	if (r == CURLE_OPERATION_TIMEDOUT && t->is_connected)
		return FWE_FETCH_TIMEOUT;
	if (transfer_status(t) == transfer_wanted_status(t) && t->f->kind == PROTO_IMAGE_BODY)
		return FWE_IMAGE_TRUNCATED;
	return FWE_FETCH_CONNECT_FAILED;
}
