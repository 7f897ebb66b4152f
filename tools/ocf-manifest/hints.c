#include "hints.h"

const char *hint_for(enum fw_error e)
{
	static const char *const HINTS[FWE_COUNT] = {
		[FWE_MANIFEST_EMPTY] = "the file has no octets",
		[FWE_MANIFEST_TOO_LARGE] = "shorten it: devices take 64 KiB with all signatures",
		[FWE_MANIFEST_FORMAT_UNKNOWN] = "neither JSON, JWS, JWE nor COSE",
		[FWE_MANIFEST_UNSIGNED] = "sign it first",
		[FWE_MANIFEST_KEY_UNKNOWN] = "no key of the trust store has signed it",
		[FWE_MANIFEST_KEY_REVOKED] = "sign it with a key that is in force",
		[FWE_MANIFEST_KEY_ROLE] = "the key may not sign releases of this manufacturer",
		[FWE_MANIFEST_SIGNATURE_INVALID] = "sign the unsigned manifest anew",
		[FWE_MANIFEST_THRESHOLD_NOT_MET] = "sign it with more keys",
		[FWE_MANIFEST_DECRYPT_FAILED] =
			"encrypted, and no --decrypt-key fits, or it is damaged",
		[FWE_MANIFEST_CRITICAL_UNKNOWN] = "--critical takes names of known members only",
		[FWE_MANIFEST_EXPIRED] = "create it anew with a later --expires",
		[FWE_MANIFEST_TIMESTAMP_FUTURE] = "--timestamp may be a day ahead at most",
		[FWE_MANIFEST_LOCATION_SCHEME] = "devices take http, https, coap and coaps",
		[FWE_MANIFEST_LOCATION_INVALID] =
			"no URI reference, of a direct file, or not the folder/ of several images",
		[FWE_MANIFEST_IMAGE_LIST_INVALID] = "1 to 32 images of different names and slots",
		[FWE_MANIFEST_ENC_NOT_ALLOWED] = "devices do not take this encryption here",
		[FWE_MANIFEST_DIGEST_WEAK] = "at least one of sha256, sha384 and sha512",
		[FWE_MANIFEST_KEYINFO_INVALID] = "make the key set by key info",
		[FWE_MANIFEST_KEYINFO_PRIVATE] = "a private key must not leave its file",
		[FWE_IMAGE_SIZE_MISMATCH] = "not the image that the manifest describes",
		[FWE_IMAGE_DIGEST_MISMATCH] = "not the image that the manifest describes",
		[FWE_IMAGE_DECRYPT_FAILED] = "no --decrypt-key fits, or it is damaged",
		[FWE_IMAGE_SIGNATURE_MISSING] = "a direct file without a manifest",
		[FWE_IMAGE_FORMAT_UNSUPPORTED] = "devices take raw images",
		[FWE_IMAGE_TRUNCATED] = "a direct file without its end",
		[FWE_INTERNAL] = "out of memory, or a library in disorder",
	};

	return HINTS[e] ? HINTS[e] : "";
}
