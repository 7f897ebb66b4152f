#include "base/fwerr.h"

static const char *const NAMES[FWE_COUNT] = {
	[FWE_OK] = "",
	[FWE_MANIFEST_EMPTY] = "manifest.empty",
	[FWE_MANIFEST_TOO_LARGE] = "manifest.too-large",
	[FWE_MANIFEST_FORMAT_UNKNOWN] = "manifest.format-unknown",
	[FWE_MANIFEST_UNSIGNED] = "manifest.unsigned",
	[FWE_MANIFEST_NESTING_INVALID] = "manifest.nesting-invalid",
	[FWE_MANIFEST_JWS_MALFORMED] = "manifest.jws-malformed",
	[FWE_MANIFEST_BASE64_INVALID] = "manifest.base64-invalid",
	[FWE_MANIFEST_HEADER_INVALID] = "manifest.header-invalid",
	[FWE_MANIFEST_ALG_UNPROTECTED] = "manifest.alg-unprotected",
	[FWE_MANIFEST_ALG_NONE] = "manifest.alg-none",
	[FWE_MANIFEST_KEY_EMBEDDED] = "manifest.key-embedded",
	[FWE_MANIFEST_CRIT_INVALID] = "manifest.crit-invalid",
	[FWE_MANIFEST_CRIT_UNSUPPORTED] = "manifest.crit-unsupported",
	[FWE_MANIFEST_TYPE_MISMATCH] = "manifest.type-mismatch",
	[FWE_MANIFEST_TOO_MANY_SIGNATURES] = "manifest.too-many-signatures",
	[FWE_MANIFEST_ALG_NOT_ALLOWED] = "manifest.alg-not-allowed",
	[FWE_MANIFEST_KEY_REVOKED] = "manifest.key-revoked",
	[FWE_MANIFEST_KEY_UNKNOWN] = "manifest.key-unknown",
	[FWE_MANIFEST_ALG_KEY_MISMATCH] = "manifest.alg-key-mismatch",
	[FWE_MANIFEST_SIGNATURE_INVALID] = "manifest.signature-invalid",
	[FWE_MANIFEST_KEY_ROLE] = "manifest.key-role",
	[FWE_MANIFEST_THRESHOLD_NOT_MET] = "manifest.threshold-not-met",
	[FWE_MANIFEST_ENC_NOT_ALLOWED] = "manifest.enc-not-allowed",
	[FWE_MANIFEST_DECRYPT_FAILED] = "manifest.decrypt-failed",
	[FWE_MANIFEST_ZIP_UNSUPPORTED] = "manifest.zip-unsupported",
	[FWE_MANIFEST_JSON_INVALID] = "manifest.json-invalid",
	[FWE_MANIFEST_JSON_DUPLICATE_MEMBER] = "manifest.json-duplicate-member",
	[FWE_MANIFEST_JSON_TOO_DEEP] = "manifest.json-too-deep",
	[FWE_MANIFEST_CBOR_INVALID] = "manifest.cbor-invalid",
	[FWE_MANIFEST_CBOR_NOT_DETERMINISTIC] = "manifest.cbor-not-deterministic",
	[FWE_MANIFEST_VERSION_UNSUPPORTED] = "manifest.version-unsupported",
	[FWE_MANIFEST_CRITICAL_UNKNOWN] = "manifest.critical-unknown",
	[FWE_MANIFEST_FIELD_MISSING] = "manifest.field-missing",
	[FWE_MANIFEST_FIELD_TYPE] = "manifest.field-type",
	[FWE_MANIFEST_FIELD_VALUE] = "manifest.field-value",
	[FWE_MANIFEST_DIGEST_MISSING] = "manifest.digest-missing",
	[FWE_MANIFEST_DIGEST_WEAK] = "manifest.digest-weak",
	[FWE_MANIFEST_DIGEST_DUPLICATE] = "manifest.digest-duplicate",
	[FWE_MANIFEST_LOCATION_SCHEME] = "manifest.location-scheme",
	[FWE_MANIFEST_LOCATION_INVALID] = "manifest.location-invalid",
	[FWE_MANIFEST_IMAGE_LIST_INVALID] = "manifest.image-list-invalid",
	[FWE_MANIFEST_KEYINFO_PRIVATE] = "manifest.keyinfo-private",
	[FWE_MANIFEST_KEYINFO_INVALID] = "manifest.keyinfo-invalid",
	[FWE_MANIFEST_MANUFACTURER_MISMATCH] = "manifest.manufacturer-mismatch",
	[FWE_MANIFEST_MODEL_MISMATCH] = "manifest.model-mismatch",
	[FWE_MANIFEST_HARDWARE_MISMATCH] = "manifest.hardware-mismatch",
	[FWE_MANIFEST_TIMESTAMP_FUTURE] = "manifest.timestamp-future",
	[FWE_MANIFEST_EXPIRED] = "manifest.expired",
	[FWE_MANIFEST_SEQUENCE_ROLLBACK] = "manifest.sequence-rollback",
	[FWE_MANIFEST_SECURITY_VERSION_ROLLBACK] = "manifest.security-version-rollback",
	[FWE_MANIFEST_VERSION_SAME] = "manifest.version-same",
	[FWE_MANIFEST_VERSION_DOWNGRADE] = "manifest.version-downgrade",
	[FWE_MANIFEST_PRECURSOR_MISMATCH] = "manifest.precursor-mismatch",
	[FWE_KEY_ROTATION_NOT_AUTHORISED] = "key.rotation-not-authorised",
	[FWE_KEY_ROTATION_STALE] = "key.rotation-stale",
	[FWE_IMAGE_DIGEST_MISMATCH] = "image.digest-mismatch",
	[FWE_IMAGE_SIZE_MISMATCH] = "image.size-mismatch",
	[FWE_IMAGE_FORMAT_UNSUPPORTED] = "image.format-unsupported",
	[FWE_IMAGE_SIGNATURE_MISSING] = "image.signature-missing",
	[FWE_IMAGE_DECRYPT_FAILED] = "image.decrypt-failed",
	[FWE_IMAGE_TOO_LARGE] = "image.too-large",
	[FWE_IMAGE_TRUNCATED] = "image.truncated",
	[FWE_DISCOVERY_NO_SERVER] = "discovery.no-server",
	[FWE_DISCOVERY_DOMAIN_INVALID] = "discovery.domain-invalid",
	[FWE_FETCH_ADDRESS_REFUSED] = "fetch.address-refused",
	[FWE_FETCH_CONNECT_FAILED] = "fetch.connect-failed",
	[FWE_FETCH_HTTP_STATUS] = "fetch.http-status",
	[FWE_FETCH_REDIRECT_REFUSED] = "fetch.redirect-refused",
	[FWE_FETCH_TLS_FAILED] = "fetch.tls-failed",
	[FWE_FETCH_CONTENT_TYPE] = "fetch.content-type",
	[FWE_FETCH_TIMEOUT] = "fetch.timeout",
	[FWE_FETCH_COAP_STATUS] = "fetch.coap-status",
	[FWE_FETCH_COAP_BLOCK] = "fetch.coap-block",
	[FWE_INSTALL_NO_SPACE] = "install.no-space",
	[FWE_INSTALL_FAILED] = "install.failed",
	[FWE_INSTALL_VERIFY_FAILED] = "install.verify-failed",
	[FWE_INSTALL_ROLLED_BACK] = "install.rolled-back",
	[FWE_INSTALL_CANCELLED] = "install.cancelled",
	[FWE_POLICY_NOT_AUTHORISED] = "policy.not-authorised",
	[FWE_POLICY_DEFERRED] = "policy.deferred",
	[FWE_POLICY_FREEZE_SUSPECTED] = "policy.freeze-suspected",
	[FWE_INTERNAL] = "internal.failure",
};

const char *fw_error_name(enum fw_error e)
{
	return NAMES[e];
}

bool fw_error_from_name(struct span name, enum fw_error *ret)
{
	for (size_t i = 0; i < FWE_COUNT; i++) {
		if (span_is(name, NAMES[i])) {
			*ret = (enum fw_error)i;
			return true;
		}
	}
	return false;
}

void fw_error_camel(enum fw_error e, struct buf *out)
{
	bool upper = true;

	for (const char *p = NAMES[e]; *p != '\0'; p++) {
		if (*p == '.' || *p == '-') {
			upper = true;
			continue;
		}
		buf_put_byte(out, (uint8_t)(upper ? *p - 'a' + 'A' : *p));
		upper = false;
	}
}
