"""The default loaders, which applications call from their own."""

from flask_watchword.extension.responses import (
    default_additional_claims_callback as default_additional_claims_callback,
)
from flask_watchword.extension.responses import (
    default_blocklist_callback as default_blocklist_callback,
)
from flask_watchword.extension.responses import (
    default_decode_key_callback as default_decode_key_callback,
)
from flask_watchword.extension.responses import (
    default_encode_key_callback as default_encode_key_callback,
)
from flask_watchword.extension.responses import (
    default_expired_token_callback as default_expired_token_callback,
)
from flask_watchword.extension.responses import (
    default_invalid_token_callback as default_invalid_token_callback,
)
from flask_watchword.extension.responses import (
    default_jwt_headers_callback as default_jwt_headers_callback,
)
from flask_watchword.extension.responses import (
    default_needs_fresh_token_callback as default_needs_fresh_token_callback,
)
from flask_watchword.extension.responses import (
    default_revoked_token_callback as default_revoked_token_callback,
)
from flask_watchword.extension.responses import (
    default_token_verification_callback as default_token_verification_callback,
)
from flask_watchword.extension.responses import (
    default_token_verification_failed_callback as default_token_verification_failed_callback,
)
from flask_watchword.extension.responses import (
    default_unauthorized_callback as default_unauthorized_callback,
)
from flask_watchword.extension.responses import (
    default_user_identity_callback as default_user_identity_callback,
)
from flask_watchword.extension.responses import (
    default_user_lookup_error_callback as default_user_lookup_error_callback,
)
