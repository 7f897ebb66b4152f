#include "advice.h"

/* What several errors have in common. */
#define BROKEN                                                                                     \
	"The manifest is not one: look at the file on the server; ask the maker to publish it "    \
	"again, after `ocf-manifest verify`."
#define FORGED                                                                                     \
	"Do not trust this file. If the maker says that it is genuine, compare his keys "          \
	"(`ocf-manifest key thumbprint`) with TrustStore= of ocf-fwupd.conf(5)."
#define MAKERS_FAULT                                                                               \
	"Nothing can be done here: the maker has to correct the manifest; `ocf-manifest verify` "  \
	"shows the same error."
#define POLICY_OF_KEYS                                                                             \
	"The policy of this device wants other signatures: compare [Trust] in ocf-fwupd.conf(5) "  \
	"with what the maker signs."
#define OTHER_DEVICE                                                                               \
	"This firmware is for another device: compare Manufacturer= and Model= in "                \
	"ocf-fwupd.conf(5) with the manifest (`ocfctl fw describe`)."
#define OLD                                                                                        \
	"Somebody offers what was replaced already: wait until the server has the newest "         \
	"manifest, or ask the other one (--source)."
#define NETWORK                                                                                    \
	"Look at the network and the server (`ocfctl fw status` shows its URL), then try again; "  \
	"the timer does so by itself."
#define SERVER                                                                                     \
	"The server is set up wrongly: its administrator finds the request in its log. "           \
	"--source asks another one."
#define DAMAGED_IMAGE                                                                              \
	"The image on the server is not the one that was signed: ask the maker to upload it "      \
	"again. The old firmware stays."

static const char *const ADVICE[FWE_COUNT] = {
	[FWE_OK] = "",
	[FWE_MANIFEST_EMPTY] = BROKEN,
	[FWE_MANIFEST_TOO_LARGE] = "What the server gave is longer than any manifest may be; often "
				   "it is the image. Open "
				   "the URL of `ocfctl fw status`.",
	[FWE_MANIFEST_FORMAT_UNKNOWN] = "What the server gave is no manifest; often it is its page "
					"for errors, or a portal's. "
					"Open the URL of `ocfctl fw status`.",
	[FWE_MANIFEST_UNSIGNED] =
		"A manifest has to be signed: the maker does so with `ocf-manifest sign`.",
	[FWE_MANIFEST_NESTING_INVALID] = MAKERS_FAULT,
	[FWE_MANIFEST_JWS_MALFORMED] = BROKEN,
	[FWE_MANIFEST_BASE64_INVALID] = BROKEN,
	[FWE_MANIFEST_HEADER_INVALID] = MAKERS_FAULT,
	[FWE_MANIFEST_ALG_UNPROTECTED] = FORGED,
	[FWE_MANIFEST_ALG_NONE] = FORGED,
	[FWE_MANIFEST_KEY_EMBEDDED] = FORGED,
	[FWE_MANIFEST_CRIT_INVALID] = MAKERS_FAULT,
	[FWE_MANIFEST_CRIT_UNSUPPORTED] = "The manifest asks for what this firmware cannot do: an "
					  "older release may have to be "
					  "installed first.",
	[FWE_MANIFEST_TYPE_MISMATCH] = MAKERS_FAULT,
	[FWE_MANIFEST_TOO_MANY_SIGNATURES] = MAKERS_FAULT,
	[FWE_MANIFEST_ALG_NOT_ALLOWED] = POLICY_OF_KEYS,
	[FWE_MANIFEST_KEY_REVOKED] = "The key that signed it was withdrawn, for ever: the maker "
				     "has to sign with the new "
				     "one.",
	[FWE_MANIFEST_KEY_UNKNOWN] =
		"The signer is not known here. If it is genuine, add its public key to TrustStore= "
		"with `ocf-manifest key trust`.",
	[FWE_MANIFEST_ALG_KEY_MISMATCH] = FORGED,
	[FWE_MANIFEST_SIGNATURE_INVALID] = FORGED,
	[FWE_MANIFEST_KEY_ROLE] =
		"The key may not sign firmware: it has another role, or was retired by a newer key "
		"set. The maker has to sign with the present one.",
	[FWE_MANIFEST_THRESHOLD_NOT_MET] = POLICY_OF_KEYS,
	[FWE_MANIFEST_ENC_NOT_ALLOWED] = MAKERS_FAULT,
	[FWE_MANIFEST_DECRYPT_FAILED] = "It was encrypted for another device, or DecryptKeys= in "
					"ocf-fwupd.conf(5) lacks the "
					"key.",
	[FWE_MANIFEST_ZIP_UNSUPPORTED] = MAKERS_FAULT,
	[FWE_MANIFEST_JSON_INVALID] = BROKEN,
	[FWE_MANIFEST_JSON_DUPLICATE_MEMBER] = MAKERS_FAULT,
	[FWE_MANIFEST_JSON_TOO_DEEP] = MAKERS_FAULT,
	[FWE_MANIFEST_CBOR_INVALID] = BROKEN,
	[FWE_MANIFEST_CBOR_NOT_DETERMINISTIC] = MAKERS_FAULT,
	[FWE_MANIFEST_VERSION_UNSUPPORTED] = "The manifest is of a newer kind than this firmware "
					     "knows: an older release may have "
					     "to be installed first.",
	[FWE_MANIFEST_CRITICAL_UNKNOWN] = "The manifest asks for what this firmware cannot do: an "
					  "older release may have to be "
					  "installed first.",
	[FWE_MANIFEST_FIELD_MISSING] = MAKERS_FAULT,
	[FWE_MANIFEST_FIELD_TYPE] = MAKERS_FAULT,
	[FWE_MANIFEST_FIELD_VALUE] = MAKERS_FAULT,
	[FWE_MANIFEST_DIGEST_MISSING] = MAKERS_FAULT,
	[FWE_MANIFEST_DIGEST_WEAK] = MAKERS_FAULT,
	[FWE_MANIFEST_DIGEST_DUPLICATE] = MAKERS_FAULT,
	[FWE_MANIFEST_LOCATION_SCHEME] = MAKERS_FAULT,
	[FWE_MANIFEST_LOCATION_INVALID] = MAKERS_FAULT,
	[FWE_MANIFEST_IMAGE_LIST_INVALID] = MAKERS_FAULT,
	[FWE_MANIFEST_KEYINFO_PRIVATE] = "The maker has published a private key: tell him at once, "
					 "and do not install anything "
					 "that it signed.",
	[FWE_MANIFEST_KEYINFO_INVALID] = MAKERS_FAULT,
	[FWE_MANIFEST_MANUFACTURER_MISMATCH] = OTHER_DEVICE,
	[FWE_MANIFEST_MODEL_MISMATCH] = OTHER_DEVICE,
	[FWE_MANIFEST_HARDWARE_MISMATCH] = OTHER_DEVICE,
	[FWE_MANIFEST_TIMESTAMP_FUTURE] = "Set the clock of this device (`timedatectl`); if it is "
					  "right, the maker's is wrong.",
	[FWE_MANIFEST_EXPIRED] =
		"The maker has to publish the manifest anew; if it is recent, look at the clock of "
		"this device.",
	[FWE_MANIFEST_SEQUENCE_ROLLBACK] = OLD,
	[FWE_MANIFEST_SECURITY_VERSION_ROLLBACK] = "This release has known holes and is never "
						   "installed again; nothing overrides that. "
						   "Take a newer one.",
	[FWE_MANIFEST_VERSION_SAME] =
		"This version runs already. `ocfctl fw install --reinstall` writes it again.",
	[FWE_MANIFEST_VERSION_DOWNGRADE] =
		"It is older than what runs. If that is wanted: `ocfctl fw install "
		"--allow-downgrade`, of a manifest that tells a securityVersion not below the "
		"Floor of `ocfctl fw status`.",
	[FWE_MANIFEST_PRECURSOR_MISMATCH] =
		"This release can only follow another one, which has to be installed first.",
	[FWE_KEY_ROTATION_NOT_AUTHORISED] =
		"The new key set was not signed by a root key, and is not used: ask the maker.",
	[FWE_KEY_ROTATION_STALE] = "The key set is older than the one in use, and is not used.",
	[FWE_IMAGE_DIGEST_MISMATCH] = DAMAGED_IMAGE,
	[FWE_IMAGE_SIZE_MISMATCH] = DAMAGED_IMAGE,
	[FWE_IMAGE_FORMAT_UNSUPPORTED] = MAKERS_FAULT,
	[FWE_IMAGE_SIGNATURE_MISSING] =
		"An image without a manifest has to bring its own signature: ask the maker.",
	[FWE_IMAGE_DECRYPT_FAILED] = "The image is damaged, or was encrypted for another key than "
				     "those of DecryptKeys= in "
				     "ocf-fwupd.conf(5).",
	[FWE_IMAGE_TOO_LARGE] = "It is longer than its manifest says, or than SizeMaxMiB= in "
				"ocf-fw-write.conf(5) allows.",
	[FWE_IMAGE_TRUNCATED] = NETWORK,
	[FWE_DISCOVERY_NO_SERVER] =
		"No server has firmware for this device. Look at "
		"ManufacturerUrl= and DomainSources= in "
		"ocf-fwupd.conf(5); `journalctl -u ocf-fwupd` shows who was asked.",
	[FWE_DISCOVERY_DOMAIN_INVALID] = "The network gave a domain that cannot be asked: correct "
					 "it in the DHCP server, or set "
					 "one in ocf-fwupd.conf(5).",
	[FWE_FETCH_ADDRESS_REFUSED] =
		"The URL leads to this device itself or into a private network: a manifest from "
		"outside may not do that.",
	[FWE_FETCH_CONNECT_FAILED] = NETWORK,
	[FWE_FETCH_HTTP_STATUS] = SERVER,
	[FWE_FETCH_REDIRECT_REFUSED] = SERVER,
	[FWE_FETCH_TLS_FAILED] = "The server's certificate is not good for its name, or its CA is "
				 "not known: look at "
				 "both, at the clock, and at [Tls] of ocf-fw-fetch.conf(5).",
	[FWE_FETCH_CONTENT_TYPE] = SERVER,
	[FWE_FETCH_TIMEOUT] = NETWORK,
	[FWE_FETCH_COAP_STATUS] = SERVER,
	[FWE_FETCH_COAP_BLOCK] = SERVER,
	[FWE_INSTALL_NO_SPACE] =
		"Make room where the slots are (`df`), or compare their size with the image's "
		"(`ocfctl fw describe`).",
	[FWE_INSTALL_FAILED] =
		"The slot could not be written, or a program of ocf-fw-write.conf(5) failed: see "
		"`journalctl -u ocf-fwupd -u 'ocf-fw-write*'`. The old firmware stays.",
	[FWE_INSTALL_VERIFY_FAILED] = "The disk gave back something else than was written: it may "
				      "be failing (`dmesg`). The "
				      "old firmware stays.",
	[FWE_INSTALL_ROLLED_BACK] =
		"The new firmware did not prove itself and the old one is "
		"back; `ocfctl fw history` "
		"says why. It comes again only with `ocfctl fw install --retry-rejected`.",
	[FWE_INSTALL_CANCELLED] = "`ocfctl fw install` begins again, where the download ended.",
	[FWE_POLICY_NOT_AUTHORISED] =
		"Be root, or a member of the group ocf-admin; downgrades are root's.",
	[FWE_POLICY_DEFERRED] = "`ocfctl fw status` and `ocfctl fw check --dry-run` say what it "
				"waits for. A trial ends by itself, or with `ocfctl fw confirm` or "
				"`reject`.",
	[FWE_POLICY_FREEZE_SUSPECTED] =
		"The local server has offered the same for weeks while others have newer firmware: "
		"look at it, or use --source manufacturer.",
	[FWE_INTERNAL] =
		"If a file is named, look at it; TrustStore= of ocf-fwupd.conf(5) is made by "
		"`ocf-manifest key trust`. Else see `journalctl -u ocf-fwupd`; if it comes again, "
		"report it as a fault.",
};

const char *advice_for(enum fw_error e)
{
	return ADVICE[e];
}

int advice_exit(enum fw_error e)
{
	static const struct {
		const char *group;
		int status;
	} GROUPS[] = {
		{"manifest.",  10},
                {"key.",       11},
                {"image.",     12},
                {"discovery.", 13},
		{"fetch.",     14},
                {"install.",   15},
                {"policy.",    16},
                {"internal.",  17},
	};

	for (size_t i = 0; i < ARRAY_SIZE(GROUPS); i++)
		if (strncmp(fw_error_name(e), GROUPS[i].group, strlen(GROUPS[i].group)) == 0)
			return GROUPS[i].status;
	return e == FWE_OK ? 0 : 1;
}
