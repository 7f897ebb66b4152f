#include "transfer.h"

#include <curl/curl.h>

static bool was_connected(struct transfer *t)
{
	curl_off_t us = 0;

	(void)curl_easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &us);
	return us > 0;
}

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
	if (r == CURLE_OUT_OF_MEMORY || r == CURLE_FAILED_INIT)
		return FWE_INTERNAL;
	if (r == CURLE_OPERATION_TIMEDOUT && was_connected(t))
		return FWE_FETCH_TIMEOUT;
	if (transfer_status(t) == transfer_wanted_status(t) && t->f->kind == PROTO_IMAGE_BODY)
		return FWE_IMAGE_TRUNCATED;
	return FWE_FETCH_CONNECT_FAILED;
}
