"""What becomes of a notice whose template meets an error, by Zalo's code, as the facts have it (sections 4.2, 6).

Nothing but a wait that ends by itself keeps the notice from waiting for the citizen.
"""

from bot.delivery.adapter import MustWait, TryAgain

OF_A_TEMPLATE = {
    -32: TryAgain("too_many_calls", after=60.0, everybody=True),
    -100: MustWait("window_closed_attachment_expired"),
    -200: MustWait("window_closed_send_failed"),
    -201: MustWait("window_closed_invalid_field"),
    -204: MustWait("window_closed_account_disabled"),
    -205: MustWait("window_closed_account_unknown"),
    -209: MustWait("window_closed_app_not_activated"),
    -210: MustWait("window_closed_too_long"),
    -211: MustWait("window_closed_out_of_quota"),
    -212: MustWait("window_closed_api_not_registered"),
    -213: MustWait("window_closed_not_following"),
    -216: TryAgain("token_invalid", after=60.0, everybody=True),
    -217: MustWait("window_closed_blocked_invitation"),
    -218: MustWait("window_closed_receiver_out_of_quota"),
    -219: MustWait("window_closed_app_removed"),
    -220: TryAgain("token_expired", after=60.0, everybody=True),
    -221: MustWait("window_closed_account_not_verified"),
    -223: MustWait("window_closed_api_not_authorised"),
    -224: MustWait("window_closed_package_too_small"),
    -227: MustWait("window_closed_banned_or_inactive"),
    -230: MustWait("window_closed_window_closed"),
    -232: MustWait("window_closed_window_closed"),
    -233: MustWait("window_closed_type_not_supported"),
    -234: TryAgain("night", after=3600.0),
    -235: MustWait("window_closed_wrong_kind_of_account"),
    -240: MustWait("window_closed_api_shut_down"),
    -242: MustWait("window_closed_wrong_proof"),
    -244: MustWait("window_closed_restricted_by_user"),
    -248: MustWait("window_closed_against_standards"),
    -249: MustWait("window_closed_template_not_by_user"),
    -320: MustWait("window_closed_no_cloud_account"),
    -321: MustWait("window_closed_out_of_money"),
    -1121: MustWait("window_closed_template_value_too_long"),
    -1122: MustWait("window_closed_template_value_missing"),
}
