package media

import (
	"fmt"
	"slices"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// reporterSSRC is the SSRC under which the node sends its feedback and reports.
const reporterSSRC = 1

// acceptedCodecs are what is negotiated, with the payload types of offers made here.
var acceptedCodecs = []webrtc.RTPCodecParameters{
	{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeVP8, ClockRate: 90000,
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}},
		},
		PayloadType: 96,
	},
	{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"},
		PayloadType:        97,
	},
	{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
		},
		PayloadType: 111,
	},
}

// A connection is a peer connection with the means to make senders for it.
type connection struct {
	*webrtc.PeerConnection
	api *webrtc.API
}

// newPublishConnection makes a connection for what a client sends.
func (n *Node) newPublishConnection(rtx *rtxStreams, arrivals *arrivals) (*connection, error) {
	engine := new(webrtc.MediaEngine)
	for _, k := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		err := engine.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.TransportCCURI}, k)
		if err != nil {
			return nil, fmt.Errorf("media: registering an extension: %w", err)
		}
	}
	feedback := webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}
	return n.newConnection(engine, []webrtc.RTCPFeedback{feedback}, arrivals, rtx)
}

// newSubscribeConnection makes a connection for what a client receives.
func (n *Node) newSubscribeConnection() (*connection, error) {
	return n.newConnection(new(webrtc.MediaEngine), nil)
}

// newConnection makes a peer connection on the node's port. The first factory is
// the first to see what arrives.
func (n *Node) newConnection(engine *webrtc.MediaEngine, feedback []webrtc.RTCPFeedback, factories ...interceptor.Factory) (*connection, error) {
	for _, c := range acceptedCodecs {
		if c.MimeType != webrtc.MimeTypeRTX {
			c.RTCPFeedback = slices.Concat(c.RTCPFeedback, feedback)
		}
		k := webrtc.RTPCodecTypeVideo
		if c.MimeType == webrtc.MimeTypeOpus {
			k = webrtc.RTPCodecTypeAudio
		}
		if err := engine.RegisterCodec(c, k); err != nil {
			return nil, fmt.Errorf("media: registering %s: %w", c.MimeType, err)
		}
	}
	registry := new(interceptor.Registry)
	for _, f := range factories {
		registry.Add(f)
	}
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(engine),
		webrtc.WithSettingEngine(n.settings),
		webrtc.WithInterceptorRegistry(registry),
	)
	pc, err := api.NewPeerConnection(webrtc.Configuration{
		Certificates:              n.certificates,
		RTPHeaderEncryptionPolicy: webrtc.RTPHeaderEncryptionPolicyDisable, // there are no extensions to encrypt
	})
	if err != nil {
		return nil, fmt.Errorf("media: making a connection: %w", err)
	}
	return &connection{pc, api}, nil
}

// newSettings returns the settings of all connections of a node.
func newSettings(mux ice.UDPMux, publicIPs []string, logs *logs) (webrtc.SettingEngine, error) {
	s := webrtc.SettingEngine{LoggerFactory: logs}
	s.SetICEUDPMux(mux)
	s.SetLite(true)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(true)
	s.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)
	s.SetFireOnTrackBeforeFirstRTP(true)
	_ = s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer)
	s.SetReceiveMTU(maxPacket)
	s.DisableMediaEngineCopy(true) // each connection has its own anyway
	if len(publicIPs) > 0 {
		err := s.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{
			External:        publicIPs,
			AsCandidateType: webrtc.ICECandidateTypeHost,
			Mode:            webrtc.ICEAddressRewriteReplace,
		})
		if err != nil {
			return s, fmt.Errorf("%w: public addresses: %w", ErrConfig, err)
		}
	}
	return s, nil
}
