#include "verbs.h"

int main(int argc, char *argv[])
{
	static const struct cli_verb *const VERBS[] = {
		&VERB_KEY_GENERATE,   &VERB_KEY_PUBLIC,
		&VERB_KEY_THUMBPRINT, &VERB_KEY_TRUST,
		&VERB_KEY_INFO,       &VERB_CREATE,
		&VERB_CONVERT,        &VERB_SIGN,
		&VERB_SIGN_INPUT,     &VERB_ATTACH_SIGNATURE,
		&VERB_VERIFY,         &VERB_SHOW,
		&VERB_DIFF,           &VERB_ENCRYPT,
		&VERB_DECRYPT,        &VERB_ENCRYPT_IMAGE,
		&VERB_PUBLISH,
	};

	return (int)cli_main(argc, argv, VERBS, ARRAY_SIZE(VERBS));
}
