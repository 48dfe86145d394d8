<?php
/*
 * Write wordpress.json:
 *
 *     php tests/vectors/imported_hashes/write_wordpress.php WORDPRESS > tests/vectors/imported_hashes/wordpress.json
 *
 * WORDPRESS is the folder of WordPress, as the Debian package `wordpress` brings it: its own PasswordHash makes
 * the hashes of versions before 6.8. The others are made as wp_hash_password() of version 6.8 does
 * (wp-includes/pluggable.php), by PHP's functions.
 *
 * A form of WordPress hashes the password with a backslash in front of each quote and backslash, because
 * WordPress adds them to all that a form sends; other ways to set a password do not. `password` is what
 * was typed.
 */
require "$argv[1]/wp-includes/version.php";
require "$argv[1]/wp-includes/class-phpass.php";

function hash_of_6_8(string $given): string {
    $keyed = base64_encode(hash_hmac('sha384', trim($given), 'wp-sha384', true));
    return '$wp' . password_hash($keyed, PASSWORD_BCRYPT, ['cost' => 4]);
}

function hash_before(string $given): string {
    return (new PasswordHash(8, true))->HashPassword(trim($given));
}

$passwords = [
    'correct horse battery staple', "caf\u{e9} \u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}", "cafe\u{301}",
    "\u{1f40e}\u{1f50b}", str_repeat('x', 71) . "\u{e9} and more", ' spaces ', 'it\'s "quoted" \\ twice',
];
$vectors = [];
foreach ($passwords as $typed) {
    foreach (['form' => addslashes($typed), 'other' => $typed] as $by => $given) {
        $vectors[] = ['kind' => "phpass, $by", 'password' => $typed, 'hash' => hash_before($given)];
        $vectors[] = ['kind' => "bcrypt, $by", 'password' => $typed, 'hash' => hash_of_6_8($given)];
    }
}
$made_by = ['WordPress' => $wp_version, 'PHP' => PHP_VERSION];
echo json_encode(['made_by' => $made_by, 'vectors' => $vectors], JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES), "\n";
