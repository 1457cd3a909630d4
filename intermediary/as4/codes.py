"""ebMS error codes (ebMS 3.0 Core §6.7, AS4 Profile §3.2) with short description and severity."""

from enum import Enum


class EbmsErrorCode(Enum):
    """Value: (code, short description, severity, category)."""

    VALUE_NOT_RECOGNIZED = ("EBMS:0001", "ValueNotRecognized", "failure", "Content")
    FEATURE_NOT_SUPPORTED = ("EBMS:0002", "FeatureNotSupported", "warning", "Content")
    VALUE_INCONSISTENT = ("EBMS:0003", "ValueInconsistent", "failure", "Content")
    OTHER = ("EBMS:0004", "Other", "failure", "Content")
    CONNECTION_FAILURE = ("EBMS:0005", "ConnectionFailure", "failure", "Communication")
    MIME_INCONSISTENCY = ("EBMS:0007", "MimeInconsistency", "failure", "Unpackaging")
    FEATURE_NOT_SUPPORTED_UNPACKAGING = ("EBMS:0008", "FeatureNotSupported", "failure", "Unpackaging")
    INVALID_HEADER = ("EBMS:0009", "InvalidHeader", "failure", "Unpackaging")
    PROCESSING_MODE_MISMATCH = ("EBMS:0010", "ProcessingModeMismatch", "failure", "Processing")
    EXTERNAL_PAYLOAD_ERROR = ("EBMS:0011", "ExternalPayloadError", "failure", "Content")
    FAILED_AUTHENTICATION = ("EBMS:0101", "FailedAuthentication", "failure", "Processing")
    FAILED_DECRYPTION = ("EBMS:0102", "FailedDecryption", "failure", "Processing")
    POLICY_NONCOMPLIANCE = ("EBMS:0103", "PolicyNoncompliance", "failure", "Processing")
    DELIVERY_FAILURE = ("EBMS:0202", "DeliveryFailure", "failure", "Communication")
    MISSING_RECEIPT = ("EBMS:0301", "MissingReceipt", "failure", "Communication")
    INVALID_RECEIPT = ("EBMS:0302", "InvalidReceipt", "failure", "Communication")
    DECOMPRESSION_FAILURE = ("EBMS:0303", "DecompressionFailure", "failure", "Communication")

    @property
    def code(self) -> str:
        """As in eb:Error/@errorCode."""
        return self.value[0]

    @property
    def short_description(self) -> str:
        """As in eb:Error/@shortDescription."""
        return self.value[1]

    @property
    def severity(self) -> str:
        """failure or warning."""
        return self.value[2]

    @property
    def category(self) -> str:
        """As in eb:Error/@category."""
        return self.value[3]


DEFAULT_MPC = "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/defaultMPC"
TEST_SERVICE = "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/service"
TEST_ACTION = "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/test"
"""Service and action of a test message (ebMS 3.0 Core §5.2.2.8): acknowledged, never delivered."""
